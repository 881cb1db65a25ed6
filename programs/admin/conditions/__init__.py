"""The builder of conditions: groups of all, any and not over facts, put together without knowing the file format.

A form of any app places it like any other field:

    class RuleForm(ConditionsInForm, forms.ModelForm):
        when = ConditionField(scope=Scope.PURCHASE)      # also asks of lines: "lines where …"
        lines = ConditionField(scope=Scope.LINE)         # asks of a single line only

        def __init__(self, *args, programme, **kwargs):
            super().__init__(*args, **kwargs)
            for_programme(self, programme)               # its currency, tiers, events and suggestions

- The initial value is the node of the document (`{"all": […]}`) or None, and so is the cleaned value: written as a
  published revision would write it, or None for no condition. Segments, vouchers and offers store it as it is.
- It is checked by the reader of programme files; each fault stands beside its row. What only the whole document can
  tell (an event field that the rule's event does not have) the form hands in with
  `form.fields["when"].refuse(faults, under=("rules", 3, "when"))`; faults elsewhere are left alone and given back.
- The buttons of the builder submit the whole form. `form.is_operation()` says that one of them was pressed: then
  `is_valid()` is False without any error, so that a view, also one of the admin, shows the form again with what was
  typed in every field and saves nothing. With scripts the same operation goes to the view `conditions:operate`, which
  draws the one builder anew; `{{ form.media }}` brings the script and the style.
- `programs.selectors.suggestions` is where an app says which values of a fact people are offered.

Inside: `nodes` (the tree), `fields` (flat fields and back), `operations` (what buttons do) are pure; `judging` says the
sentence and finds faults; `offers` and `rows` prepare what the templates in `admin/conditions` show.
"""

from programs.admin.conditions.forms import ConditionField, ConditionsInForm, ConditionWidget, for_programme

__all__ = ["ConditionField", "ConditionWidget", "ConditionsInForm", "for_programme"]
