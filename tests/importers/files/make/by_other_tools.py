"""Files of more tools, each written by the tool's own writer, with invented sums in them.

In an environment that has the tool: `python by_other_tools.py TOOL FOLDER`. "base" is wrong on
every third sum and "tuned" on every seventh.
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SUMS = [(number, number + 2, number % 5 + 11) for number in range(20)]
WRONG = {"base": 3, "tuned": 7}
WHEN = datetime(2026, 11, 29, tzinfo=UTC)


def rows(arm: str) -> list[dict[str, Any]]:
    """Twenty sums with this arm's answers, and whether they are right."""
    table = []
    for number, left, right in SUMS:
        correct = number % WRONG[arm] != 0
        table.append(
            {
                "id": f"sum-{number}",
                "question": f"What is {left} + {right}?",
                "answer": str(left + right + (not correct)),
                "right": str(left + right),
                "score": float(correct),
            }
        )
    return table


def ragas(arm: str, folder: Path) -> None:
    from ragas import EvaluationDataset, SingleTurnSample, evaluate
    from ragas.metrics import ExactMatch

    samples = [
        SingleTurnSample(user_input=row["question"], response=row["answer"], reference=row["right"])
        for row in rows(arm)
    ]
    result = evaluate(EvaluationDataset(samples), [ExactMatch()], show_progress=False)
    result.to_pandas().to_csv(folder / f"{arm}.csv", index=False)


def deepeval(arm: str, folder: Path) -> None:
    os.environ |= {"DEEPEVAL_TELEMETRY_OPT_OUT": "YES", "DEEPEVAL_UPDATE_WARNING_OPT_IN": "NO"}
    from deepeval import evaluate
    from deepeval.evaluate.configs import DisplayConfig
    from deepeval.metrics import ExactMatchMetric
    from deepeval.test_case import LLMTestCase

    cases = [
        LLMTestCase(
            name=row["id"],
            input=row["question"],
            actual_output=row["answer"],
            expected_output=row["right"],
        )
        for row in rows(arm)
    ]
    written = folder / arm
    shown = {"show_indicator": False, "print_results": False, "inspect_after_run": False}
    config = DisplayConfig(results_folder=str(written), **shown)
    evaluate(cases, [ExactMatchMetric()], display_config=config)
    [file] = written.rglob("test_run_*.json")
    file.rename(folder / f"{arm}.json")


def langfuse(arm: str, folder: Path) -> None:
    from langfuse.api import ExperimentItem, ExperimentItemsResponse, ObservationLevel
    from langfuse.api import ExperimentsResponseMeta as Meta

    items = [
        ExperimentItem(
            id=f"o-{row['id']}-{arm}",
            trace_id=f"t-{row['id']}-{arm}",
            start_time=WHEN,
            level=ObservationLevel.DEFAULT,
            environment="default",
            experiment_id=f"e-{arm}",
            experiment_name=arm,
            experiment_item_id=row["id"],
            input=row["question"],
            output=row["answer"],
            expected_output=row["right"],
            scores=[score(row, arm)],
        )
        for row in rows(arm)
    ]
    response = ExperimentItemsResponse(data=items, meta=Meta())
    (folder / f"{arm}.json").write_text(response.json())


def score(row: dict[str, Any], arm: str) -> Any:
    from langfuse.api import ScoreV3_Numeric

    return ScoreV3_Numeric(
        id=f"s-{row['id']}-{arm}",
        project_id="p",
        name="exact_match",
        value=row["score"],
        data_type="NUMERIC",
        source="API",
        timestamp=WHEN,
        created_at=WHEN,
        updated_at=WHEN,
        environment="default",
    )


def braintrust(arm: str, folder: Path) -> None:
    from braintrust import Eval

    answers = {row["question"]: row["answer"] for row in rows(arm)}
    data = [
        {"input": row["question"], "expected": row["right"], "metadata": {"id": row["id"]}}
        for row in rows(arm)
    ]

    def exact_match(input: str, output: str, expected: str) -> float:  # noqa: A002
        return float(output == expected)

    found = Eval("sums", data=data, task=answers.get, scores=[exact_match], no_send_logs=True)
    results = [each.as_dict() for each in found.results]
    (folder / f"{arm}.json").write_text(json.dumps(results, indent=1, default=str))


def langsmith(arm: str, folder: Path) -> None:
    os.environ |= {"LANGSMITH_API_KEY": "none", "LANGSMITH_TRACING": "false"}
    from uuid import NAMESPACE_URL, uuid5

    from langsmith import Client, evaluate
    from langsmith.schemas import Example

    answers = {row["question"]: row["answer"] for row in rows(arm)}
    examples = [
        Example(
            id=uuid5(NAMESPACE_URL, row["id"]),
            inputs={"question": row["question"]},
            outputs={"answer": row["right"]},
            dataset_id=uuid5(NAMESPACE_URL, "sums"),
            created_at=WHEN,
            modified_at=WHEN,
        )
        for row in rows(arm)
    ]

    def exact_match(outputs: dict[str, Any], reference_outputs: dict[str, Any]) -> bool:
        return bool(outputs["answer"] == reference_outputs["answer"])

    found = evaluate(
        lambda inputs: {"answer": answers[inputs["question"]]},
        data=examples,
        evaluators=[exact_match],
        upload_results=False,
        client=Client(auto_batch_tracing=False),
    )
    found.to_pandas().to_csv(folder / f"{arm}.csv", index=False)


def mlflow(arm: str, folder: Path) -> None:
    import mlflow as tool

    tool.set_tracking_uri(f"sqlite:///{folder}/{arm}.db")
    experiment = tool.create_experiment(arm, artifact_location=f"file://{folder}/{arm}")
    columns = {"id": "id", "inputs": "question", "targets": "right", "outputs": "answer"}
    table = {name: [row[field] for row in rows(arm)] for name, field in columns.items()}
    table["exact_match/v1/score"] = [row["score"] for row in rows(arm)]
    with tool.start_run(experiment_id=experiment):
        tool.log_table(table, "eval_results_table.json")
    [file] = (folder / arm).rglob("eval_results_table.json")
    file.rename(folder / f"{arm}.json")


def nemo(arm: str, folder: Path) -> None:
    from nemo_evaluator.engine.artifacts import build_artifact_bundle as bundle_of
    from nemo_evaluator.engine.artifacts import write_all

    results = [
        {
            "problem_idx": number,
            "repeat": 0,
            "reward": row["score"],
            "prompt": row["question"],
            "model_response": row["answer"],
            "extracted_answer": row["answer"],
            "expected_answer": row["right"],
            "scoring_details": {"method": "exact_match"},
            "metadata": {},
            "tokens": 1,
            "latency_ms": 12.5,
        }
        for number, row in enumerate(rows(arm))
    ]
    bundle = bundle_of("sums", results, {}, {"repeats": 1})
    bundle["_results"] = results
    write_all(bundle, folder / arm)
    (folder / arm / "results.jsonl").rename(folder / f"{arm}.jsonl")


def lighteval(arm: str, folder: Path) -> None:
    from lighteval.logging.evaluation_tracker import EvaluationTracker
    from lighteval.models.abstract_model import ModelConfig
    from lighteval.models.model_output import ModelResponse
    from lighteval.tasks.requests import Doc

    tracker = EvaluationTracker(output_dir=str(folder / arm), save_details=True)
    tracker.general_config_logger.log_model_info(ModelConfig(model_name=arm))
    for row in rows(arm):
        doc = Doc(
            query=row["question"],
            choices=[row["right"]],
            gold_index=0,
            id=row["id"],
            task_name="sums",
        )
        response = ModelResponse(input=row["question"], text=[row["answer"]])
        tracker.details_logger.log("sums", doc, response, {"exact_match": row["score"]})
    tracker.save()
    [file] = (folder / arm).rglob("details_*.parquet")
    file.rename(folder / f"{arm}.parquet")


def helm(arm: str, folder: Path) -> None:
    from helm.benchmark.presentation.run_display import DisplayPrediction
    from helm.common.codec import to_json

    predictions = [
        DisplayPrediction(
            instance_id=row["id"],
            perturbation=None,
            train_trial_index=0,
            predicted_text=row["answer"],
            truncated_predicted_text=None,
            base64_images=None,
            mapped_output=None,
            reference_index=None,
            stats={"exact_match": row["score"]},
            annotations=None,
            thinking_text=None,
        )
        for row in rows(arm)
    ]
    (folder / f"{arm}.json").write_text(to_json(predictions))


def evals(arm: str, folder: Path) -> None:
    os.environ |= {"OPENAI_API_KEY": "none"}
    from evals.base import RunSpec
    from evals.record import LocalRecorder

    config = {"completion_fns": [arm], "eval_spec": {}, "seed": 1, "max_samples": None}
    spec = RunSpec(
        completion_fns=[arm],
        eval_name="sums.dev.v0",
        base_eval="sums",
        split="dev",
        run_config={**config, "command": "", "initial_settings": {}},
        created_by="",
        run_id=arm,
    )
    recorder = LocalRecorder(str(folder / f"{arm}.jsonl"), spec)
    for number, row in enumerate(rows(arm)):
        with recorder.as_default_recorder(f"sums.dev.{number}"):
            recorder.record_sampling(prompt=row["question"], sampled=[row["answer"]])
            recorder.record_match(
                bool(row["score"]),
                expected=row["right"],
                picked=row["answer"],
                sampled=row["answer"],
            )
    recorder.record_final_report({"accuracy": sum(row["score"] for row in rows(arm)) / 20})
    recorder.flush_events()


TOOLS = {
    each.__name__: each
    for each in (
        ragas, deepeval, langfuse, braintrust, langsmith, mlflow, nemo, lighteval, helm, evals,
    )
}  # fmt: skip

if __name__ == "__main__":
    tool, target = sys.argv[1], Path(sys.argv[2]).absolute()
    target.mkdir(parents=True, exist_ok=True)
    for arm in WRONG:
        TOOLS[tool](arm, target)
