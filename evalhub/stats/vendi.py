"""How many different things there are among n, by how alike they are: the Vendi score.

exp(−Σ λ log λ) over the eigenvalues of K/n, K being the similarities with 1 on the diagonal
(Friedman and Dieng 2023, TMLR, "The Vendi Score"): n where nothing is alike, 1 where all is the
same. It grows with n, so that only scores of as many things can be compared.
"""

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.errors import StatisticsError

Array = NDArray[np.float64]


def vendi_score(similarities: Array) -> float:
    """The effective number of different things, 1 to n.

    Args:
        similarities: (n, n), symmetric, positive semi-definite, 1 on the diagonal.

    Raises StatisticsError for another shape or diagonal.
    """
    count = len(similarities)
    if not count or similarities.shape != (count, count):
        raise StatisticsError(f"similarities are n by n, not {similarities.shape}")
    if not np.allclose(similarities.diagonal(), 1):
        raise StatisticsError("everything has the similarity 1 with itself")
    values = np.linalg.eigvalsh(similarities / count)
    values = values[values > 1e-12]
    return float(np.exp(-(values * np.log(values)).sum()))
