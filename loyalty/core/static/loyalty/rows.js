// Rows of a field are added and removed here; without this script one empty row is always there to be filled in.
(() => {
    "use strict";

    const dress = (field) => {
        field.querySelectorAll("[hidden]").forEach((button) => { button.hidden = false; });
        field.addEventListener("click", (event) => {
            const remove = event.target.closest("[data-rows-remove]");
            if (remove) {
                const next = remove.closest("[data-row]").nextElementSibling;
                remove.closest("[data-row]").remove();
                (next ?? field).querySelector("input, select, [data-rows-add]")?.focus();
                return;
            }
            if (!event.target.closest("[data-rows-add]")) return;
            const number = Number(field.dataset.next);
            field.dataset.next = String(number + 1);
            const row = field.querySelector("template").content.firstElementChild.cloneNode(true);
            row.querySelectorAll("*").forEach((node) => {
                for (const attribute of node.attributes) {
                    attribute.value = attribute.value.replaceAll("__row__", String(number));
                }
            });
            field.querySelector("tbody").append(row);
            row.querySelector("input, select")?.focus();
        });
    };

    document.addEventListener("DOMContentLoaded", () => {
        document.querySelectorAll("[data-rows]").forEach(dress);
    });
})();
