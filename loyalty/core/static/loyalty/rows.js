// Rows of a field are added and removed here; without this script one empty row is always there to be filled in.
// A row may have fields of rows itself: a number takes the place of the first mark of each attribute.
(() => {
    "use strict";

    const show = (part) => {
        part.querySelectorAll("[data-rows-add][hidden], [data-rows-remove][hidden]").forEach((button) => {
            button.hidden = false;
        });
    };

    const number = (part, place) => {
        part.querySelectorAll("*").forEach((node) => {
            for (const attribute of node.attributes) {
                attribute.value = attribute.value.replace("__row__", String(place));
            }
            if (node.content instanceof DocumentFragment) number(node.content, place);
        });
    };

    const add = (field) => {
        const place = Number(field.dataset.next);
        field.dataset.next = String(place + 1);
        const made = field.querySelector(":scope > template").content.cloneNode(true);
        number(made, place);
        show(made);
        const row = made.firstElementChild;
        field.querySelector(":scope > [data-rows-body], :scope > table > tbody").append(made);
        row.querySelector("input, select")?.focus();
    };

    const remove = (row) => {
        const next = row.nextElementSibling, field = row.closest("[data-rows]");
        row.remove();
        (next ?? field).querySelector("input, select, [data-rows-add]")?.focus();
    };

    document.addEventListener("click", (event) => {
        const removing = event.target.closest("[data-rows-remove]");
        if (removing) remove(removing.closest("[data-row]"));
        const adding = event.target.closest("[data-rows-add]");
        if (adding) add(adding.closest("[data-rows]"));
    });

    // A step of an example has fields of its own for what happens in it.
    document.addEventListener("change", (event) => {
        const step = event.target.closest("[data-step]");
        if (step && event.target.name?.endsWith("-kind")) step.dataset.step = event.target.value;
    });

    // Empty rows are long on these pages; with the button to add one they need not be there.
    const tidy = () => {
        document.querySelectorAll(".steps > [data-step='']:last-child:not(:first-child)").forEach((step) => step.remove());
        document.querySelectorAll(":is(.steps, .try-page) tr[data-row]:last-child:not(:first-child)").forEach((row) => {
            if ([...row.querySelectorAll("input, select")].every((field) => !field.value)) row.remove();
        });
    };

    document.addEventListener("DOMContentLoaded", () => { show(document); tidy(); });
})();
