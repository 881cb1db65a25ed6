"""Every worked example of every programme of the gallery holds."""

import pytest

from members.services.scenarios import read_text, run
from programs.services.gallery import templates

CASES = [(key, index) for key, template in templates().items() for index in range(len(template.examples))]


@pytest.mark.django_db
@pytest.mark.parametrize(("key", "index"), CASES)
def test_the_examples_of_the_gallery_hold(key: str, index: int) -> None:
    template = templates()[key]
    outcome = run(read_text(template.examples[index], programme=template.document))
    assert outcome.failures == []


@pytest.mark.parametrize("key", templates())
def test_each_has_at_least_four_examples_and_speaks_three_languages(key: str) -> None:
    template = templates()[key]
    assert len(template.examples) >= 4
    document = template.document
    texts = [template.purpose, document["programme"]["name"], *(rule["title"] for rule in document["rules"])]
    for section in ("point_types", "ladders", "events"):
        texts += [part["name"] for part in document.get(section, [])]
    texts += [tier["name"] for ladder in document.get("ladders", []) for tier in ladder["tiers"]]
    assert [text for text in texts if set(text) != {"en", "ru", "et"}] == []
