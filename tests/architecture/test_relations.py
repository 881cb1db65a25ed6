"""Foreign keys are written as strings, which import contracts do not see: here they are walked."""

from django.apps import apps

# From the floor up. A model may point to its own level or below.
LEVELS = ["core", "programs", "members", "rewards", "surveys"]


def test_relations_point_level_or_down() -> None:
    upwards = []
    for label in LEVELS:
        for model in apps.get_app_config(label).get_models(include_auto_created=True):
            for field in model._meta.get_fields():
                target = getattr(field, "related_model", None)
                if not field.auto_created and target is not None and target._meta.app_label in LEVELS:
                    upwards += [str(field)] if _level(target) > _level(model) else []
    assert upwards == []


def test_few_tables_of_packages_are_pointed_to() -> None:
    """A relation into a package's tables makes that package part of our schema for ever."""
    allowed = {"auth", "contenttypes", *LEVELS}
    strangers = []
    for label in LEVELS:
        for model in apps.get_app_config(label).get_models():
            for field in model._meta.get_fields():
                target = getattr(field, "related_model", None)
                if not field.auto_created and target is not None and target._meta.app_label not in allowed:
                    strangers.append(str(field))
    assert strangers == []


def _level(model: type) -> int:
    return LEVELS.index(model._meta.app_label)  # type: ignore[attr-defined]
