"""The pages in a real browser, where Chromium is installed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

import httpx
import pytest
from tests.service.conftest import make_method
from tests.service.servers import served

from tailorlm.llms import create_llm
from tailorlm.service import create_app
from tailorlm.service.gateway import Gateway
from tailorlm.service.keys import KeyCheck
from tailorlm.service.llm_upstream import LLMUpstream
from tailorlm.tailor import Tailor
from tailorlm.types import Correction, Pick, Ranking

CHROMIUM = shutil.which("chromium")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture
def url(tailor: Tailor) -> Iterator[str]:
    gateway = Gateway(tailor, LLMUpstream(create_llm("builtin")), make_method, model="builtin")
    with served(create_app(gateway, KeyCheck(gateway, local=True))) as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
                  "--disable-background-networking", "--disable-component-update"],
        )  # fmt: skip
        yield browser
        browser.close()


@pytest.fixture(params=[1280, 390])
def page(browser, url: str, request: pytest.FixtureRequest):
    context = browser.new_context(viewport={"width": request.param, "height": 800})
    page = context.new_page()
    page.set_default_timeout(20_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.goto(f"{url}/?user=ana")
    yield page
    assert [error for error in errors if "net::ERR_FAILED" not in error] == []
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= request.param
    context.close()


def go_to(page, name: str) -> None:
    """Follow a link, until the page's scripts have run."""
    with page.expect_navigation():
        page.click(f"nav >> text={name}")


def ask(page, n: str) -> None:
    page.fill("#query", "How should I spend a free weekend?")
    page.select_option("#n", n)
    page.click("#ask button[type=submit]")
    page.wait_for_selector("#status:has-text('Which do you like'), #status:has-text('One answer')")


@needs_browser
def test_asked_and_ranked_with_the_keyboard(page, tailor: Tailor) -> None:
    ask(page, "3")
    page.click("h1")
    page.keyboard.press("2")
    page.keyboard.press("3")
    assert page.locator(".badge").all_inner_texts() == ["3", "1", "2"]
    page.click("#save")
    page.wait_for_selector("#status:has-text('Thank you')")
    events = list(tailor.log("ana"))
    assert events[1].payload == Ranking(events[0].payload.id, ((1,), (2,), (0,)))


@needs_browser
def test_ranked_by_touching_and_edited_in_place(page, tailor: Tailor) -> None:
    ask(page, "2")
    page.locator(".badge").nth(1).click()
    assert page.locator(".badge").all_inner_texts() == ["2", "1"]
    first = page.locator(".card").first
    first.locator(".edit").click()
    first.locator("textarea").fill("Stay at home and read.")
    assert "Stay" in "".join(first.locator("ins").all_inner_texts())
    first.locator(".save-edit").click()
    page.wait_for_selector("#status:has-text('Your version')")
    assert list(tailor.log("ana"))[-1].payload.text == "Stay at home and read."


@needs_browser
def test_said_compared_and_seen_in_the_profile(page, url: str, tailor: Tailor) -> None:
    page.fill("#wish", "Keep it short.")
    page.click("#say button")
    page.wait_for_selector("#status:has-text('Said')")
    go_to(page, "Compare")
    page.fill("#query", "Plan my evening")
    page.click("#compare button")
    page.wait_for_selector("#both:not([hidden])")
    assert "Keep it short" in page.inner_text("#why")
    assert len(page.inner_text("#personal")) < len(page.inner_text("#generic"))
    go_to(page, "Profile")
    assert "Keep it short." in page.inner_text("main")
    go_to(page, "History")
    assert "said 'Keep it short.'" in page.inner_text("main")


@needs_browser
def test_beliefs_are_locked_forgotten_and_added_with_the_keyboard(page, tailor: Tailor) -> None:
    tailor.say("ana", "Keep it short.")
    turn = tailor.ask("ana", "Plan my evening", n=2)
    tailor.give("ana", Pick(turn.id, 0))
    go_to(page, "Profile")
    row = page.locator("#believed tbody tr").first
    name = row.locator(".corrections").get_attribute("data-name")
    lock = page.get_by_role("button", name=f"Lock {name} as liked")
    lock.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#status:has-text('is locked')")
    back = page.get_by_role("button", name=f"Take back: {name} is locked")
    assert back.evaluate("button => button === document.activeElement")
    assert "locked" in page.inner_text("#believed")
    page.get_by_role("button", name="Forget Keep it short.").click()
    page.wait_for_selector("#status:has-text('is forgotten')")
    assert "Forgotten" in page.inner_text("#believed")
    page.get_by_label("What").select_option("a tag to leave out")
    page.get_by_label("Words").fill("Baking")
    page.keyboard.press("Enter")
    page.wait_for_selector("#status:has-text('Baking is set')")
    page.get_by_label("What").select_option("a rule to follow")
    page.get_by_label("Words").fill("Use bullet points.")
    page.click("#add button")
    page.wait_for_selector("#status:has-text('Use bullet points. is set')")
    done = [(e.payload.action, e.payload.name, e.payload.value) for e in tailor.log("ana")
            if isinstance(e.payload, Correction)]  # fmt: skip
    assert [one[0] for one in done] == ["lock", "forget", "set", "set"]
    assert done[2:] == [("set", "Baking", "disliked"), ("set", "Use bullet points.", "")]
    shown = page.inner_text("#believed")
    assert "set as disliked" in shown
    page.get_by_role("button", name="Take back: Keep it short. is forgotten").click()
    page.wait_for_selector("#status:has-text('Taken back')")
    assert "Forgotten" not in page.inner_text("#believed")


@needs_browser
def test_what_is_seen_answers_to_a_click_however_late_the_scripts_are(page, tailor: Tailor) -> None:
    def late(route) -> None:
        time.sleep(0.4)
        route.continue_()

    tailor.say("ana", "Keep it short.")
    page.route("**/static/*.js", late)
    page.click("nav >> text=Profile")
    page.get_by_role("button", name="Lock Keep it short.").click()
    page.wait_for_selector("#status:has-text('is locked')")


@needs_browser
def test_written_and_erased_only_with_the_name_typed(page, tailor: Tailor) -> None:
    go_to(page, "Your data")
    page.fill("#text", "Dear all,\nthis is how I write.")
    page.click("#write button")
    page.wait_for_selector("#status:has-text('Added')")
    mailbox = "From ana@example.org Mon Jan 01 10:00:00 2024\nSubject: {}\n\n{}\n\n"
    page.set_input_files("#file", [
        {"name": "Sent.mbox", "mimeType": "application/octet-stream",
         "buffer": (mailbox.format("One", "Mine.") + mailbox.format("Two", "")).encode()},
        {"name": "note.md", "mimeType": "text/markdown", "buffer": b"# Mine, too"},
    ])  # fmt: skip
    page.click("#write button")
    page.wait_for_selector("#status:has-text('Added 2 texts. 1 left out')")
    assert "Sent.mbox, message 2" in page.inner_text("#left-out")
    assert page.locator("#progress").is_hidden()
    titles = [event.payload.title for event in tailor.log("ana")]
    assert titles == ["", "One", "note.md"]
    page.fill("#confirm", "bo")
    page.click("#erase button")
    page.wait_for_selector("#error:has-text('Nothing was erased')")
    page.fill("#confirm", "ana")
    page.click("#erase button")
    page.wait_for_selector("#status:has-text('Erased: 3')")
    assert list(tailor.users()) == []


@needs_browser
def test_what_fails_is_said(page, tailor: Tailor) -> None:
    page.route("**/v1/chat/completions", lambda route: route.abort())
    page.fill("#query", "Plan my evening")
    page.click("#ask button[type=submit]")
    page.wait_for_selector("#error:has-text('cannot be reached')")


@pytest.mark.parametrize("path", ["/", "/profile", "/compare", "/history", "/data"])
def test_pages_escape_what_users_are_called(url: str, tailor: Tailor, path: str) -> None:
    name = "<script>alert(1)</script>&'\""
    tailor.say(name, "</ul><script>alert(2)</script>")
    answer = httpx.get(url + path, params={"user": name})
    assert answer.status_code == 200
    assert "alert(1)</script>" not in answer.text
    assert "alert(2)</script>" not in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "://" not in answer.text.replace("http://www.w3.org", "")


def test_with_keys_the_pages_ask_for_one(url: str, tailor: Tailor, upstream_url: str) -> None:
    gateway = Gateway(tailor, LLMUpstream(create_llm("builtin")), make_method, model="builtin")
    _, secret = tailor.store.keyring.add("user", app="one", user="ana")
    with served(create_app(gateway, KeyCheck(gateway))) as url, httpx.Client(base_url=url) as page:
        assert page.get("/profile").headers["location"] == "/login"
        assert page.post("/login", data={"key": "tlm_wrong"}).status_code == 401
        done = page.post("/login", data={"key": secret})
        assert done.status_code == 303
        cookie = done.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "ana" in page.get("/").text
        assert page.get("/?user=bo").status_code == 403
        say = {"feedback": {"kind": "statement", "text": "Keep it short."}}
        assert page.post("/tailor/v1/feedback", json=say).status_code == 401
        from_page = {"X-Tailor-Page": "1"}
        assert page.post("/tailor/v1/feedback", json=say, headers=from_page).status_code == 200


def test_the_learning_curve_rises_with_rankings(url: str, tailor: Tailor) -> None:
    for _ in range(12):
        turn = tailor.ask("ana", "Plan my evening", n=2)
        liked = [len(set(c.plan.tags) & {"Baking", "Tax law"}) for c in turn.candidates]
        tailor.give("ana", Pick(turn.id, int(liked[1] > liked[0])))
    answer = httpx.get(f"{url}/profile", params={"user": "ana"})
    assert '<svg class="curve"' in answer.text
    assert "ranking 12" in answer.text
