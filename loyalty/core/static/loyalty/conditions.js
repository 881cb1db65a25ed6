/* The builder of conditions without reloading the page. What an operation means is decided by the server alone; without
   this file the same buttons send the whole form. */
"use strict";

(() => {
    const states = new WeakMap();
    let pressed = false;

    const builderOf = (element) => element.closest && element.closest("[data-conditions]");
    const stateOf = (builder) => states.get(builder) || states.set(builder, {}).get(builder);

    function fieldsOf(builder) {
        const fields = new URLSearchParams();
        for (const field of builder.querySelectorAll("input, select, textarea")) {
            if (!field.disabled && (field.type !== "checkbox" || field.checked)) fields.append(field.name, field.value);
        }
        return fields;
    }

    async function ask(builder, operation) {
        const form = builder.closest("form");
        const fields = fieldsOf(builder);
        const sent = fields.toString();
        fields.append(`${builder.dataset.conditions}-op`, operation);
        fields.append("builder", builder.dataset.conditions);
        fields.append("scope", builder.dataset.scope);
        const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
        const response = await fetch(builder.dataset.operate, { method: "POST", body: fields, headers: { "X-CSRFToken": token } });
        if (!response.ok || response.redirected) throw new Error(response.statusText);
        const drawn = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-conditions]");
        return { sent, drawn };
    }

    /* One operation at a time. Whoever types while it is under way loses nothing: it is asked again with the new text. */
    async function operate(builder, operation) {
        const state = stateOf(builder);
        const waits = state.busy === "refresh" && (!state.next || state.next === "refresh");
        if (state.busy && !waits) return;
        // Until rows are where they will be, nothing can be pressed: it would mean another row.
        if (operation !== "refresh") builder.setAttribute("aria-busy", "true");
        if (waits) {
            state.next = operation;
            return;
        }
        state.busy = operation;
        try {
            let answer = await ask(builder, operation);
            while (fieldsOf(builder).toString() !== answer.sent) answer = await ask(builder, operation);
            while (pressed) await new Promise((resolve) => setTimeout(resolve, 20));
            show(builder, answer.drawn);
            if (operation !== "refresh") builder.dispatchEvent(new Event("change", { bubbles: true }));
        } catch {
            complain(builder, builder.dataset.failed);
        }
        builder.removeAttribute("aria-busy");
        const next = state.next;
        state.busy = state.next = "";
        if (next) operate(builder, next);
    }

    async function say(builder) {
        if (stateOf(builder).busy) return;
        try {
            const { sent, drawn } = await ask(builder, "refresh");
            if (fieldsOf(builder).toString() === sent) speak(builder, drawn);
        } catch {
            complain(builder, builder.dataset.failed);
        }
    }

    function saySoon(builder) {
        const state = stateOf(builder);
        clearTimeout(state.timer);
        state.timer = setTimeout(() => say(builder), 300);
    }

    /* The elements that are read aloud stay; only their text changes. */
    function speak(builder, drawn) {
        const sentence = builder.querySelector("[data-sentence]");
        const words = drawn.querySelector("[data-sentence]").textContent;
        if (sentence.textContent !== words) sentence.textContent = words;
        complain(builder, drawn.querySelector("[data-notice]").textContent);
    }

    function complain(builder, words) {
        const notice = builder.querySelector("[data-notice]");
        notice.textContent = words;
        notice.hidden = !words;
    }

    function show(builder, drawn) {
        const active = builder.contains(document.activeElement) ? document.activeElement : null;
        const open = [...builder.querySelectorAll("details[open] textarea")].map((field) => field.id);
        const tree = builder.querySelector("[data-tree]");
        tree.replaceWith(drawn.querySelector("[data-tree]"));
        speak(builder, drawn);
        for (const id of open) {
            const field = document.getElementById(id);
            if (field) field.closest("details").open = true;
        }
        prepare(builder);
        const target = document.getElementById(drawn.dataset.focus) || (active && document.getElementById(active.id));
        if (target && (active || document.activeElement === document.body)) target.focus();
    }

    function prepare(builder) {
        builder.classList.add("conditions-live");
        for (const button of builder.querySelectorAll("button")) button.type = "button";
    }

    document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-conditions]").forEach(prepare));

    // --- buttons and fields ------------------------------------------------------------------------------------
    document.addEventListener("click", (event) => {
        const button = event.target.closest("[data-conditions] button");
        if (!button) return;
        event.preventDefault();
        if (button.getAttribute("aria-disabled") !== "true") operate(builderOf(button), button.value);
    });

    document.addEventListener("change", (event) => {
        const builder = builderOf(event.target);
        if (!builder || event.target === builder) return;
        if (!event.target.matches("[data-redraw], [data-pick]")) saySoon(builder);
        else if (event.target === typed.into) drawWhenTyped(builder);
        else operate(builder, "refresh");
    });

    /* Whoever types a name into a list of choices is not interrupted: each letter is a change, and a list drawn anew
       would take the rest of the word for the beginning of another. */
    const typed = { into: null, timer: 0 };

    function drawWhenTyped(builder) {
        clearTimeout(typed.timer);
        typed.timer = setTimeout(() => {
            typed.timer = 0;
            operate(builder, "refresh");
        }, 600);
    }

    document.addEventListener("keydown", (event) => {
        if (!event.target.matches("[data-conditions] select")) return;
        typed.into = event.key.length === 1 ? event.target : null;
        if (typed.into && typed.timer) drawWhenTyped(builderOf(event.target));
    });

    document.addEventListener("input", (event) => {
        const builder = builderOf(event.target);
        if (!builder) return;
        if (event.target.matches("[data-say]")) saySoon(builder);
        if (event.target.matches("[data-fact]")) suggestSoon(builder, event.target);
    });

    document.addEventListener("keydown", (event) => {
        const builder = event.key === "Enter" && event.target.matches("input") && builderOf(event.target);
        if (!builder) return;
        event.preventDefault();
        if (event.target.matches("[data-pick]")) operate(builder, "refresh");
        else say(builder);
    });

    // A field of one line would glue the lines of a pasted table together.
    document.addEventListener("paste", (event) => {
        const text = event.clipboardData ? event.clipboardData.getData("text") : "";
        if (!event.target.matches("[data-pick]") || !/[\r\n\t]/.test(text)) return;
        event.preventDefault();
        event.target.setRangeText(text.trim().split(/[\r\n\t]+/).join(", "));
        operate(builderOf(event.target), "refresh");
    });

    function suggestSoon(builder, field) {
        const state = stateOf(builder);
        clearTimeout(state.suggesting);
        state.suggesting = setTimeout(async () => {
            const typed = field.value.split(",").pop().trim();
            const address = `${builder.dataset.suggest}?${new URLSearchParams({ fact: field.dataset.fact, typed })}`;
            const response = await fetch(address).catch(() => null);
            const list = field.list;
            if (!response || !response.ok || !list) return;
            const { values } = await response.json();
            list.replaceChildren(...values.map(({ value, label }) => Object.assign(document.createElement("option"), { value, label })));
        }, 200);
    }

    document.addEventListener("pointerdown", () => { pressed = true; });
    for (const name of ["pointerup", "pointercancel", "dragend"]) {
        document.addEventListener(name, () => setTimeout(() => { pressed = false; }));
    }
    document.addEventListener("conditions:operate", (event) => operate(event.target, event.detail));
})();
