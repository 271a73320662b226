"""A small made-up PrefEval: all three forms, thirty preferences in three topics."""

from __future__ import annotations

import json
from pathlib import Path

THINGS = {
    "food": "walnuts oysters celery ginger lentils mussels rhubarb truffles olives cashews",
    "sport": "rowing fencing skating archery judo cricket surfing sailing bowling diving",
    "home": "carpets curtains mirrors candles shelves lamps cushions wallpaper tiles plants",
}
FRAMES = ("I strongly dislike {}.", "I avoid anything with {} due to bad luck.", "I prefer {}.")


def write_prefeval(folder: Path) -> Path:
    """Write the files into a folder, which is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for topic, things in THINGS.items():
        for place, thing in enumerate(things.split()):
            held = FRAMES[place % len(FRAMES)].format(thing)
            rows.append(
                {
                    "topic": topic,
                    "preference": held,
                    "question": f"What {topic} with or without {thing} would you recommend?",
                }
            )
    talks = [
        {
            "query": f"Some ideas for {row['topic']}?",
            "user_selection": f"I'll go with option 2. {row['preference']}",
        }
        for row in rows
    ]
    personas = [
        {"0": {"user": "Hello there!"}, "1": {"user": f"Thanks! By the way, {row['preference']}"}}
        for row in rows
    ]
    for name, extra in (
        ("explicit_preference", [{} for _ in rows]),
        ("implicit_preference_choice_based", [{"conversation": talk} for talk in talks]),
        ("implicit_preference_persona_driven", [{"conversation": talk} for talk in personas]),
    ):
        lines = [json.dumps(row | more) for row, more in zip(rows, extra, strict=True)]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")
    return folder
