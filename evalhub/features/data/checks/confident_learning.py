"""Suspect labels by confident learning, with cleanlab and scikit-learn (extra `labels`). Pure.

The classifier is a logistic regression (L2, C = 10, classes weighed alike) on tf-idf of words and
pairs of words. Every row's probabilities come from four fifths of the rows, without its own fold
and without its near-copies.
"""

from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.features.data.checks.suspects import LabelSuspects, Suspect

FOLDS = 5
STRENGTH = 10.0
"""C, the inverse of the penalty."""
ITERATIONS = 300


def confident_suspects(
    matrix: Any, labels: Sequence[str], groups: NDArray[np.int64], *, seed: int
) -> LabelSuspects | None:
    """Rows whose label is probably another one, the surest first.

    None where a label's rows are all near-copies of a few, so that five folds can't be made.

    Args:
        matrix: (rows, terms) sparse tf-idf.
        groups: (rows,) near-copies have the same number, and go into the same fold.
        seed: of the folds.
    """
    names, codes = np.unique(np.array(labels), return_inverse=True)
    probabilities = _out_of_sample(matrix, codes, len(names), groups, seed)
    if probabilities is None:
        return None
    issues = import_module("cleanlab.filter").find_label_issues(
        labels=codes,
        pred_probs=probabilities,
        filter_by="prune_by_noise_rate",
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    predicted = probabilities.argmax(axis=1)
    return LabelSuspects(
        accuracy=float(np.mean(predicted == codes)),
        read=len(labels),
        suspects=[
            Suspect(int(row), str(names[predicted[row]]), float(probabilities[row].max()))
            for row in issues
            if predicted[row] != codes[row]
        ],
    )


def _out_of_sample(
    matrix: Any, codes: NDArray[np.int64], classes: int, groups: NDArray[np.int64], seed: int
) -> NDArray[np.float64] | None:
    """(rows, classes) probabilities of each row by what was learnt without its fold."""
    groups_of_label = Counter(
        code for code, _ in set(zip(codes.tolist(), groups.tolist(), strict=True))
    )
    if min(groups_of_label.values()) < FOLDS:
        return None
    selection = import_module("sklearn.model_selection")
    linear_model = import_module("sklearn.linear_model")
    folds = selection.StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    probabilities = np.zeros((codes.size, classes))
    # The products are small: threads wait for each other longer than they compute.
    with import_module("threadpoolctl").threadpool_limits(1):
        for learn, rest in folds.split(matrix, codes, groups):
            classifier = linear_model.LogisticRegression(
                C=STRENGTH, class_weight="balanced", max_iter=ITERATIONS
            )
            classifier.fit(matrix[learn], codes[learn])
            chances = classifier.predict_proba(matrix[rest])
            probabilities[np.ix_(rest, classifier.classes_)] = chances
    return probabilities
