// Rows of a field are added and removed here; without this script one empty row is always there to be filled in.
(() => {
    "use strict";

    const offer = (place) => place.querySelectorAll("[data-rows-add], [data-rows-remove]").forEach((button) => { button.hidden = false; });

    const renumber = (place, mark, number) => {
        place.querySelectorAll("*").forEach((node) => {
            for (const attribute of node.attributes) {
                attribute.value = attribute.value.replaceAll(mark, number);
            }
            if (node instanceof HTMLTemplateElement) renumber(node.content, mark, number);
        });
    };

    const add = (field) => {
        const number = field.dataset.next;
        field.dataset.next = String(Number(number) + 1);
        const added = field.querySelector(":scope > template").content.cloneNode(true);
        renumber(added, field.dataset.mark, number);
        added.querySelectorAll("[data-spare]").forEach((row) => row.remove());
        offer(added);
        const row = added.firstElementChild;
        field.querySelector(":scope > table > tbody").append(added);
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
    document.addEventListener("DOMContentLoaded", () => {
        document.querySelectorAll("[data-spare]").forEach((row) => row.remove());
        offer(document);
    });
})();
