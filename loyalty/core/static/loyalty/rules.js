// Rules are dragged by their handle to another place or group; the arrows beside them do the same without a mouse.
(() => {
    "use strict";

    const form = document.querySelector("[data-rules]");
    if (!form) return;
    let dragged = null;

    const place = (group, before) => {
        const order = form.querySelector("[data-do]");
        order.disabled = false;
        order.value = `place:${dragged}:${group}:${before}`;
        form.submit();
    };

    const clear = () => form.querySelectorAll("[data-over]").forEach((node) => node.removeAttribute("data-over"));

    // The rule under the pointer, or the one behind it when the pointer is in its lower half.
    const target = (event) => {
        const group = event.target.closest("[data-group]");
        const over = event.target.closest("[data-rule]");
        if (!group) return null;
        if (!over) return { group, mark: group, before: "" };
        const box = over.getBoundingClientRect();
        if (event.clientY < box.top + box.height / 2) return { group, mark: over, before: over.dataset.rule };
        const next = over.nextElementSibling;
        return { group, mark: next ?? group, before: next?.dataset.rule ?? "" };
    };

    form.addEventListener("dragstart", (event) => {
        dragged = event.target.closest("[data-rule]")?.dataset.rule ?? null;
        event.dataTransfer.setData("text/plain", dragged ?? "");
        event.dataTransfer.effectAllowed = "move";
    });
    form.addEventListener("dragover", (event) => {
        const found = dragged && target(event);
        if (!found) return;
        event.preventDefault();
        clear();
        found.mark.setAttribute("data-over", "");
    });
    form.addEventListener("drop", (event) => {
        const found = dragged && target(event);
        if (!found) return;
        event.preventDefault();
        place(found.group.dataset.group, found.before);
    });
    form.addEventListener("dragend", () => { dragged = null; clear(); });
})();
