"""Which lines cleanlab's Datalab names: run in the peers' environment, as a program of its own.

python with_cleanlab.py FOLDER OUT reads texts.json (question, answer, whole, label by row), and
writes {fault: [line, …]}. As its tutorial does, class probabilities are
those of a logistic regression in five folds; as texts' embeddings, 128 components of TF-IDF, since
nothing is fetched while it runs. All thresholds are its own.
"""

import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    folder, out = map(Path, sys.argv[1:])
    rows = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    lines = named_lines(rows)
    out.write_text(json.dumps(lines))


def named_lines(rows: list[dict[str, Any]]) -> dict[str, list[int]]:
    from cleanlab import Datalab
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    whole = embeddings([row["whole"] for row in rows])
    copies = Datalab({"text": [row["whole"] for row in rows]}, verbosity=0)
    copies.find_issues(features=whole, issue_types={"near_duplicate": {}, "outlier": {}})
    issues = copies.get_issues("near_duplicate")
    exact = issues["is_near_duplicate_issue"] & (issues["distance_to_nearest_neighbor"] < 1e-6)
    lines = {
        "exact copy": where(exact),
        "near-copy": where(issues["is_near_duplicate_issue"]),
        "other language": where(copies.get_issues("outlier")["is_outlier_issue"]),
    }
    # of classification alone: a class needs two examples a fold at least
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["label"]] = counts.get(row["label"], 0) + 1
    kept = [i for i, row in enumerate(rows) if row["label"] and counts[row["label"]] >= 10]
    if kept:
        labels = [rows[i]["label"] for i in kept]
        features = embeddings([rows[i]["question"] for i in kept])
        model = LogisticRegression(max_iter=1_000)
        chances = cross_val_predict(model, features, labels, cv=5, method="predict_proba")
        named = Datalab({"label": labels}, label_name="label", verbosity=0)
        named.find_issues(pred_probs=chances, issue_types={"label": {}})
        suspects = where(named.get_issues("label")["is_label_issue"])
        lines["wrong label"] = [kept[place - 1] + 1 for place in suspects]
    return lines


def where(flags: Any) -> list[int]:
    """Lines, from 1."""
    return [i for i, flag in enumerate(flags, 1) if flag]


def embeddings(texts: list[str]) -> Any:
    """128 numbers a text, of length one."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2).fit_transform(texts)
    return normalize(TruncatedSVD(128, random_state=0).fit_transform(words))


if __name__ == "__main__":
    main()
