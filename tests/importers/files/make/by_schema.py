"""Writes the logs of what can't run here, after its published schema, by the models' own answers.

    python by_schema.py

OpenAI Evals: `eval.run.output_item` of the API's reference, checked with the types of the package
`openai` where it is installed. Chat JSONL: as for fine-tuning. JSON rows: Evalhub's own.
"""

import json
import sys
from pathlib import Path
from typing import Any

from models import answer

INTO = Path(__file__).parent.parent
SUMS = [json.loads(line) for line in (Path(__file__).parent / "sums.jsonl").open()]


def output_item(number: int, arm: str, row: dict[str, str]) -> dict[str, Any]:
    said = answer(arm, row["question"])
    right = said.endswith(f"#### {row['answer']}")
    return {
        "object": "eval.run.output_item",
        "id": f"outputitem_{arm}_{number}",
        "created_at": 1795662758,
        "run_id": f"evalrun_{arm}",
        "eval_id": "eval_sums",
        "status": "pass" if right else "fail",
        "datasource_item_id": number,
        "datasource_item": row,
        "results": [
            {
                "name": "right-sum",
                "type": "string_check",
                "passed": right,
                "score": float(right),
                "sample": None,
            },
            {
                "name": "brief",
                "type": "python",
                "passed": len(said) < 12,
                "score": round(1 / len(said), 6),
                "sample": None,
            },
        ],
        "sample": {
            "input": [{"role": "user", "content": row["question"]}],
            "output": [{"role": "assistant", "content": said}],
            "finish_reason": "stop",
            "model": f"acme/{arm}",
            "usage": {
                "total_tokens": 25,
                "completion_tokens": 5,
                "prompt_tokens": 20,
                "cached_tokens": 0,
            },
            "error": {"code": "", "message": ""},
            "temperature": 1.0,
            "max_completion_tokens": 2048,
            "top_p": 1.0,
            "seed": 42,
        },
    }


def conversation(question: str, said: str) -> dict[str, Any]:
    return {
        "messages": [
            {"role": "system", "content": "Add."},
            {"role": "user", "content": question},
            {"role": "assistant", "content": said},
        ]
    }


def row(arm: str, number: int, asked: dict[str, str]) -> dict[str, Any]:
    said = answer(arm, asked["question"])
    right = said.endswith(f"#### {asked['answer']}")
    return {
        "id": f"sum-{number}",
        "input": asked["question"],
        "reference": asked["answer"],
        "output": said,
        "scores": {"exact": int(right), "brief": round(1 / len(said), 6)},
        "size": "large" if number >= 6 else "small",
    }


def write(name: str, rows: list[dict[str, Any]]) -> None:
    path = INTO / name
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".json":
        path.write_text(json.dumps(rows, indent=1) + "\n")
    else:
        path.write_text("".join(json.dumps(each) + "\n" for each in rows))


for arm in ("base", "tuned"):
    items = [output_item(number, arm, each) for number, each in enumerate(SUMS)]
    if arm == "tuned":  # ids and order are a run's own
        items = [each | {"datasource_item_id": 20 - i} for i, each in enumerate(items)][::-1]
    try:
        from openai.types.evals.runs.output_item_list_response import OutputItemListResponse
    except ImportError:
        sys.stderr.write("openai isn't installed: the output items aren't checked\n")
    else:
        for each in items:
            OutputItemListResponse.model_validate(each, strict=True)
    write(f"openai-evals/{arm}.jsonl", items)
    chats = [conversation(each["question"], answer(arm, each["question"])) for each in SUMS]
    write(f"openai-chat/{arm}.jsonl", chats)
    write(f"json/{arm}.json", [row(arm, number, each) for number, each in enumerate(SUMS)])
write("openai-chat/right.jsonl", [conversation(e["question"], e["answer"]) for e in SUMS])
