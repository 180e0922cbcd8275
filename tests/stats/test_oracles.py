"""The statistics beside second implementations: statsmodels, krippendorff and scipy."""

import math

import krippendorff
import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint
from statsmodels.tools.numdiff import approx_hess

from evalhub.stats.agreement import pair_kappas
from evalhub.stats.bradley_terry import strengths
from evalhub.stats.clusters import clustered_mean
from evalhub.stats.intervals import clopper_pearson, score_interval
from evalhub.stats.kappa import cohen, fleiss
from evalhub.stats.krippendorff import krippendorff_alpha
from evalhub.stats.multiplicity import holm
from evalhub.stats.paired import compare
from evalhub.stats.permutation import sign_flip
from evalhub.stats.power import paired_power, paired_sample_size
from evalhub.stats.ratings import patterns, read_ratings
from tests.stats.test_bradley_terry import puddings

SEEDS = range(6)


def ratings(seed: int, *, missing: float = 0.3) -> np.ndarray:
    """30 to 60 units by 3 to 6 raters on a scale that isn't evenly spaced, some missing."""
    rng = np.random.default_rng(seed)
    scale = np.array([1.0, 2.0, 3.0, 5.0, 9.0])[: rng.integers(3, 6)]
    shape = rng.integers(30, 61), rng.integers(3, 7)
    truth = rng.choice(scale, shape[0])[:, None]
    table = np.where(rng.random(shape) < 0.6, truth, rng.choice(scale, shape))
    table[rng.random(shape) < missing] = np.nan
    return table


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
@pytest.mark.parametrize("seed", SEEDS)
def test_krippendorffs_alpha_with_missing_ratings(seed, level):
    table = ratings(seed)
    theirs = krippendorff.alpha(reliability_data=table.T, level_of_measurement=level)
    assert krippendorff_alpha(read_ratings(table), level=level) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_fleiss_kappa(seed):
    table = read_ratings(ratings(seed, missing=0.0))
    counted = patterns(table)
    rows = np.repeat(counted.counts, counted.units, axis=0)
    ours = fleiss(counted, np.eye(len(table.labels)))
    assert ours == pytest.approx(fleiss_kappa(rows, method="fleiss"), abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_cohens_kappa_and_its_error_with_labels_unevenly_apart(seed):
    rng = np.random.default_rng(seed)
    counts, values = rng.integers(0, 20, (4, 4)) + 5 * np.eye(4), np.array([1.0, 2.0, 4.0, 9.0])
    for weighting in ("linear", "quadratic"):
        theirs = cohens_kappa(counts, weights=values, wt=weighting)
        ours = cohen(counts, weighting=weighting, values=values)
        assert ours.value == pytest.approx(theirs.kappa, abs=1e-12)
        assert ours.se == pytest.approx(theirs.std_kappa, abs=1e-12)
    plain = cohens_kappa(counts)
    assert cohen(counts).value == pytest.approx(plain.kappa, abs=1e-12)
    assert cohen(counts).se == pytest.approx(plain.std_kappa, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_kappas_of_two_raters_go_by_the_level(seed):
    table = read_ratings(ratings(seed)[:, :2])
    size = len(table.labels)
    both = (table.codes >= 0).all(axis=1)
    counts = np.zeros((size, size))
    np.add.at(counts, tuple(table.codes[both].T), 1)
    expected = {
        "nominal": cohens_kappa(counts).kappa,
        "interval": cohens_kappa(counts, weights=table.values, wt="quadratic").kappa,
        "ratio": cohens_kappa(counts, weights=table.values, wt="quadratic").kappa,
    }
    for level, kappa in expected.items():
        (pair,) = pair_kappas(table, level=level)
        assert pair.value == pytest.approx(kappa, abs=1e-12)
        assert pair.units == both.sum()


@pytest.mark.parametrize(("losses", "wins"), [(1, 7), (25, 15), (0, 3), (0, 0), (40, 60)])
def test_exact_mcnemar(losses, wins):
    theirs = mcnemar([[10, losses], [wins, 10]], exact=True).pvalue
    assert sign_flip(np.r_[np.ones(wins), -np.ones(losses)])[0] == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_adjusted_p_values(seed):
    p = np.random.default_rng(seed).random(17) ** 3
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], atol=1e-14)


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (10, 10), (3, 17), (500, 1000)])
def test_exact_and_score_limits_of_a_proportion(successes, n):
    theirs = proportion_confint(successes, n, method="beta")
    assert clopper_pearson(successes, n) == pytest.approx(theirs, abs=1e-10)
    counts = np.array([n - successes, successes], dtype=float)
    lower, upper = score_interval(np.array([-1.0, 1.0]), counts, reach=1.0)
    wilson = proportion_confint(successes, n, method="wilson")
    assert ((1 + lower) / 2, (1 + upper) / 2) == pytest.approx(wilson, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_paired_t(seed):
    """Differences that lean to neither side: Student's own limits, a little wider for the doubt."""
    rng = np.random.default_rng(seed)
    a, b = rng.random((2, 200))
    ours, theirs = compare(a, b), stats.ttest_rel(b, a)
    assert ours.method == "skew-corrected t"
    assert theirs.pvalue <= ours.p_value < theirs.pvalue + 0.03
    interval = theirs.confidence_interval(0.95)
    width = interval.high - interval.low
    assert interval.low - 0.06 * width < ours.lower <= interval.low + 1e-12
    assert interval.high - 1e-12 <= ours.upper < interval.high + 0.06 * width


@pytest.mark.parametrize("seed", SEEDS)
def test_exact_sign_flips(seed):
    d = np.random.default_rng(seed).integers(-3, 4, 11).astype(float)
    theirs = stats.permutation_test(
        (d,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    p, name = sign_flip(d)
    assert name == "sign-flip, exact"
    assert p == pytest.approx(theirs.pvalue, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_sandwich_of_equal_clusters_and_of_weights(seed):
    """With clusters of one size CR2 is CR0 times sqrt(G/(G - 1)); with weights and no cluster
    it is HC2 of the weighted regression on a constant."""
    rng = np.random.default_rng(seed)
    d, labels, weights = rng.normal(size=60), np.arange(60) // 5, rng.random(60) + 0.2
    constant = np.ones(60)
    cr0 = sm.OLS(d, constant).fit(
        cov_type="cluster", cov_kwds={"groups": labels, "use_correction": False}
    )
    ours = clustered_mean(d, labels)
    assert ours.se == pytest.approx(cr0.bse[0] * math.sqrt(12 / 11), rel=1e-12)
    hc2 = sm.WLS(d, constant, weights=weights).fit(cov_type="HC2")
    ours = clustered_mean(d, None, weights)
    assert ours.mean == pytest.approx(hc2.params[0], rel=1e-12)
    assert ours.se == pytest.approx(hc2.bse[0], rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_sandwich_of_unequal_clusters_by_its_definition(seed):
    """CR2 of a regression on a constant: each cluster's residuals times (I - H)^(-1/2), H being
    1/n in every cell (Bell and McCaffrey 2002), the root by eigenvalues."""
    rng = np.random.default_rng(seed)
    d, labels = rng.normal(size=60), np.sort(rng.integers(0, 9, 60))
    residuals = d - d.mean()
    total = 0.0
    for label in np.unique(labels):
        own = residuals[labels == label]
        values, vectors = np.linalg.eigh(np.eye(own.size) - 1 / 60)
        total += float((vectors @ np.diag(values**-0.5) @ vectors.T @ own).sum()) ** 2
    numbered = np.unique(labels, return_inverse=True)[1]
    assert clustered_mean(d, numbered).se == pytest.approx(math.sqrt(total) / 60, rel=1e-10)


@pytest.mark.parametrize(("sd", "gap"), [(0.3, 0.02), (1 / 3, 0.03), (0.45, 0.1)])
def test_sizes_and_power_are_those_of_the_t_test_but_for_two_items(sd, gap):
    """The normal formula leaves out z^2/2 = 1.92 items."""
    t_test = TTestPower()
    theirs = t_test.solve_power(effect_size=gap / sd, alpha=0.05, power=0.8)
    assert 1 < theirs - paired_sample_size(sd, gap) + 1 < 3
    power = t_test.power(effect_size=gap / sd, nobs=500, alpha=0.05)
    assert paired_power(500, sd, gap) == pytest.approx(power, abs=0.003)


def test_davidsons_errors_are_those_of_the_curvature():
    """Six puddings with ties: the Hessian of the log-likelihood, written anew and differentiated
    by statsmodels, at the fit."""
    first, second, outcomes, counts = puddings()
    fit = strengths(first, second, outcomes, counts=counts, reference="1")

    def log_likelihood(parameters: np.ndarray) -> float:
        strength = dict(zip("123456", [0.0, *parameters[:5]], strict=True))
        total, nu = 0.0, math.exp(parameters[5])
        for a, b, outcome, count in zip(first, second, outcomes, counts, strict=True):
            up = math.exp((strength[a] - strength[b]) / 2)
            weight = {"first": up, "second": 1 / up, "tie": nu}
            total += count * math.log(weight[outcome] / sum(weight.values()))
        return total

    at = np.array([*(fit.strengths[p].value for p in "23456"), math.log(fit.nu)])
    assert log_likelihood(at) == pytest.approx(fit.log_likelihood)
    covariance = np.linalg.inv(-approx_hess(at, log_likelihood))
    np.testing.assert_allclose(fit.covariance, covariance, rtol=2e-3, atol=1e-6)
    ours = [fit.strengths[p].se for p in "23456"]
    np.testing.assert_allclose(ours, np.sqrt(np.diag(covariance))[:5], rtol=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_bradley_terry_is_a_logistic_regression(seed):
    """Four arms, a side term: coefficients, their errors, and the errors by cluster, which
    there have the factor G/(G - 1) as well."""
    rng = np.random.default_rng(seed)
    arms, n = np.array(list("abcd")), 400
    pairs = np.array([rng.permutation(4)[:2] for _ in range(n)])
    left = rng.choice([-1.0, 1.0], n)
    design = np.zeros((n, 4))
    design[np.arange(n), pairs[:, 0]] = 1
    design[np.arange(n), pairs[:, 1]] = -1
    chance = 1 / (1 + np.exp(-(design @ [0.0, 0.4, -0.3, 0.9] + 0.3 * left)))
    won = rng.random(n) < chance
    clusters = np.arange(n) // 8
    fit = strengths(
        arms[pairs[:, 0]].tolist(),
        arms[pairs[:, 1]].tolist(),
        ["first" if w else "second" for w in won],
        terms={"left": left},
        reference="a",
    )
    exog = np.column_stack([design[:, 1:], left])
    theirs = sm.GLM(won.astype(float), exog, family=sm.families.Binomial()).fit(tol=1e-12)
    ours = [*(fit.strengths[arm] for arm in "bcd"), fit.terms["left"]]
    np.testing.assert_allclose([each.value for each in ours], theirs.params, atol=1e-7)
    np.testing.assert_allclose([each.se for each in ours], theirs.bse, rtol=1e-6)
    clustered = strengths(
        arms[pairs[:, 0]].tolist(),
        arms[pairs[:, 1]].tolist(),
        ["first" if w else "second" for w in won],
        terms={"left": left},
        clusters=clusters.tolist(),
        reference="a",
    )
    robust = theirs.model.fit(
        tol=1e-12,
        cov_type="cluster",
        cov_kwds={"groups": clusters, "use_correction": False},
    )
    factor = math.sqrt(50 / 49)
    ours = [*(clustered.strengths[arm].se for arm in "bcd"), clustered.terms["left"].se]
    np.testing.assert_allclose(ours, robust.bse * factor, rtol=1e-6)
