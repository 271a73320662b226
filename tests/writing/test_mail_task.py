from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.errors import InputError
from tailorlm.writing.mail_task import MAX_POINTS, MailTask, mail_task, read_mail_task

POINTS = ("I need Ola to book a room", "I note the budget is 400 euros")
WORDS = st.text("abc DE'.-:\n\u2028é", max_size=40)


def test_a_task_is_plain_words() -> None:
    text = mail_task("Offsite", POINTS, recipient="Ola Berg", sender="Ines Duarte")
    assert text.startswith("Write the mail that makes the points below")
    assert "\nSubject: Offsite\nTo: Ola Berg\nFrom: Ines Duarte\nPoints:\n- I need Ola" in text


def test_a_task_reads_back() -> None:
    text = mail_task("Offsite", POINTS, recipient="Ola", sender="Ines", kind="short memo")
    assert read_mail_task(text) == MailTask("Offsite", POINTS, "Ola", "Ines", "short memo")
    assert read_mail_task(mail_task("Offsite", ())) == MailTask("Offsite", ())
    assert read_mail_task(mail_task("", POINTS)) == MailTask("", POINTS)


def test_a_draft_reads_back_line_by_line() -> None:
    draft = "Hi Ola,\n\n- I write to you\nPoints:\n- no point\n\nBest,\nInes"
    text = mail_task("Offsite", POINTS, draft=draft)
    assert text.startswith("Rewrite the mail drafted below")
    assert read_mail_task(text) == MailTask("Offsite", POINTS, draft=draft)
    assert read_mail_task(mail_task("", (), draft="Hi", kind="note")) == MailTask(
        "", (), kind="note", draft="Hi"
    )


@given(WORDS, st.lists(WORDS, max_size=5), WORDS, WORDS)
def test_any_task_reads_back(subject: str, points: list[str], to: str, sender: str) -> None:
    def line(text: str) -> str:
        return " ".join(text.split())

    noted = tuple(line(point) for point in points if line(point))
    if not noted and not line(subject):
        with pytest.raises(InputError, match="nothing to write about"):
            mail_task(subject, points)
        return
    read = read_mail_task(mail_task(subject, points, recipient=to, sender=sender))
    assert read == MailTask(line(subject), noted, line(to), line(sender))


def test_the_last_of_several_tasks_counts() -> None:
    first, second = mail_task("Old", ("Old point",)), mail_task("New", ("New point",))
    assert read_mail_task(f"{first}\n\nMail: Dear all, ...\n\n{second}") == MailTask(
        "New", ("New point",)
    )


def test_a_task_in_other_words_is_read() -> None:
    text = "Please write what I have to say.\nSubject: Keys\nPoints:\n- I lost mine\n\nThank you."
    assert read_mail_task(text) == MailTask("Keys", ("I lost mine",))


@pytest.mark.parametrize(
    "text",
    ["", "Plan my evening", "Write an email to the team about the new office",
     "Points:\n- one\n- two", "Write a list.\nSubject: Fruit", "Write it.\nPoints:\n",
     "List the rules.\nSubject: Keys\nPoints:\n- I write well"],
)  # fmt: skip
def test_other_queries_are_no_task(text: str) -> None:
    assert read_mail_task(text) is None


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    read_mail_task(text)
    read_mail_task(f"write\nPoints:\n- {text}")


@pytest.mark.parametrize("huge", ["write " * 200_000, "write\nPoints:\n" + "- x\n" * 300_000,
                                  "write\n" * 200_000, "\n" * 1_000_000], ids=range(4))  # fmt: skip
def test_huge_texts_take_no_longer(huge: str) -> None:
    begun = time.thread_time()
    read = read_mail_task(huge)
    assert time.thread_time() - begun < 0.5
    assert read is None or len(read.points) <= MAX_POINTS
