/* Rows of the builder of conditions are dragged to another place; the builder is told what was moved where. Whoever
   cannot drag has the buttons for up and down. */
"use strict";

(() => {
    let dragged = null;

    const builderOf = (element) => element.closest("[data-conditions]");

    document.addEventListener("dragstart", (event) => {
        const grip = event.target.closest && event.target.closest("[data-grip]");
        if (!grip) return;
        dragged = grip.closest("[data-node]");
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", dragged.dataset.node);
        event.dataTransfer.setDragImage(dragged, 12, 12);
        dragged.classList.add("conditions-dragged");
    });

    document.addEventListener("dragover", (event) => {
        const place = dragged && placeOf(event);
        unmark();
        if (!place) return;
        event.preventDefault();
        place.element.classList.add(place.mark);
    });

    document.addEventListener("drop", (event) => {
        const place = dragged && placeOf(event);
        if (!place) return;
        event.preventDefault();
        const source = dragged.dataset.node;
        endOfDrag();
        const detail = `move:${source}:${place.into}:${place.index}`;
        builderOf(place.element).dispatchEvent(new CustomEvent("conditions:operate", { bubbles: true, detail }));
    });

    document.addEventListener("dragend", endOfDrag);

    function endOfDrag() {
        unmark();
        if (dragged) dragged.classList.remove("conditions-dragged");
        dragged = null;
    }

    function unmark() {
        for (const mark of ["conditions-before", "conditions-after", "conditions-inside"]) {
            document.querySelectorAll(`.${mark}`).forEach((element) => element.classList.remove(mark));
        }
    }

    /* Where the dragged row would go: before or after the row under the pointer, or into the group under it. */
    function placeOf(event) {
        const over = event.target.closest && event.target.closest("[data-node]");
        if (!over || builderOf(over) !== builderOf(dragged) || dragged.contains(over)) return null;
        if (over.dataset.scope !== dragged.dataset.scope) return null;
        const below = (element) => event.clientY > element.getBoundingClientRect().top + element.offsetHeight / 2;
        if ("group" in over.dataset) {
            const rows = [...over.querySelectorAll(":scope > .conditions-below > [data-node]")];
            const index = rows.filter(below).length;
            if (!rows.length) return { element: over, mark: "conditions-inside", into: over.dataset.node, index: 0 };
            const element = rows[index] || rows[index - 1];
            return { element, mark: rows[index] ? "conditions-before" : "conditions-after", into: over.dataset.node, index };
        }
        if (over.dataset.at === "") return { element: over, mark: "conditions-inside", into: over.dataset.into, index: 0 };
        const after = below(over);
        return { element: over, mark: after ? "conditions-after" : "conditions-before", into: over.dataset.into, index: Number(over.dataset.at) + (after ? 1 : 0) };
    }
})();
