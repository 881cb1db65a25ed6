// Rows of a field are added and removed here; without this script one empty row is always there to be filled in.
(() => {
    "use strict";

    const offer = (place) => {
        place.querySelectorAll("[data-rows-add], [data-rows-remove]").forEach((button) => { button.hidden = false; });
    };

    const renumber = (place, mark, number) => {
        place.querySelectorAll("*").forEach((node) => {
            for (const attribute of node.attributes) {
                attribute.value = attribute.value.replaceAll(mark, number);
            }
            if (node instanceof HTMLTemplateElement) renumber(node.content, mark, number);
        });
    };

    // Of a basket and its lines one empty row stays where there is no other one: it is what people begin with.
    const tidy = (place) => place.querySelectorAll("[data-spare]").forEach((row) => {
        if (!row.closest("[data-step], .steps, .try-page") || row.previousElementSibling) row.remove();
    });

    const add = (field) => {
        const number = field.dataset.next;
        field.dataset.next = String(Number(number) + 1);
        const added = field.querySelector(":scope > template").content.cloneNode(true);
        renumber(added, field.dataset.mark, number);
        tidy(added);
        offer(added);
        const row = added.firstElementChild;
        field.querySelector(":scope > [data-rows-body], :scope > table > tbody").append(added);
        row.querySelector("input, select")?.focus();
    };

    const remove = (row) => {
        const field = row.closest("[data-rows]");
        const next = row.nextElementSibling ?? field;
        row.remove();
        next.querySelector("input, select, [data-rows-add]")?.focus();
    };

    document.addEventListener("click", (event) => {
        const target = event.target instanceof Element ? event.target : null;
        const adds = target?.closest("[data-rows-add]");
        const removes = target?.closest("[data-rows-remove]");
        if (adds) add(adds.closest("[data-rows]"));
        if (removes) remove(removes.closest("[data-row]"));
    });

    // A step of an example has fields of its own for what happens in it.
    document.addEventListener("change", (event) => {
        const step = event.target.closest("[data-step]");
        if (step && event.target.name?.endsWith("-kind")) step.dataset.step = event.target.value;
    });

    document.addEventListener("DOMContentLoaded", () => { tidy(document); offer(document); });
})();
