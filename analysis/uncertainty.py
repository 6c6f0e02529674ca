"""How sure a paired difference is, over training runs and documents.

The estimand is the expected difference to the baseline over training runs and documents, for the named languages. The
unit is a parallel question, averaged over its languages or pairs; questions of one document are a cluster. Two sources
of variance are crossed: the run (an arm is trained once a seed, all arms share the seeds) and the documents.

A bootstrap over queries and seeds ignores how few documents and runs there are, and covers far less than it says.

Shapes: K trained arms, S seeds, N questions, C clusters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
THIS_RUN_ONLY = "this run only"


@dataclass(frozen=True)
class Interval:
    """A mean difference with its variance and degrees of freedom; `note` says what it does not cover."""

    difference: float
    variance: float
    df: float
    note: str = ""

    def bounds(self, level: float = 0.95) -> tuple[float, float]:
        """Two-sided t interval."""
        reach = float(stats.t.ppf((1 + level) / 2, self.df)) * self.variance**0.5
        return self.difference - reach, self.difference + reach

    def detectable(self, level: float = 0.95, power: float = 0.8) -> float:
        """Smallest true difference that such an interval would have told from 0 with this power (Cohen 1988)."""
        reach = float(stats.t.ppf((1 + level) / 2, self.df) + stats.t.ppf(power, self.df))
        return reach * float(self.variance**0.5)


@dataclass(frozen=True)
class RunNoise:
    """Variance of an arm's mean from one training run to another, shared by all arms, and its degrees of freedom."""

    variance: float
    df: int


def run_noise(scores_KS: Floats) -> RunNoise | None:
    """Arm x seed interaction mean square of the arms' mean scores.

    What a seed does to all arms alike cancels in a paired difference; what is left after both means are taken out is
    the noise of a run (two-way analysis of variance without replication). None with one seed or one arm.
    """
    arms, seeds = scores_KS.shape
    if arms < 2 or seeds < 2:
        return None
    residual_KS = double_centred(scores_KS)
    df = (arms - 1) * (seeds - 1)
    return RunNoise(float((residual_KS**2).sum() / df), df)


def contrast(difference_SN: Floats, cluster_N: Ints, noise: RunNoise | None, weight: float = 2.0) -> Interval:
    """Interval of a trained arm's difference to a trained baseline, or of another weighted sum of trained arms.

    With V_run = 2 s^2 / S and V_doc the cluster-robust variance of the mean, V = V_run + V_doc - V_int, where V_int,
    the run x document part, is in both and is taken off once; V is never below either. Satterthwaite's formula gives
    the degrees of freedom.

    Parameters
    ----------
    difference_SN : array
        Difference of each question in each seed.
    cluster_N : int array
        Document of each question, numbered from 0.
    noise : RunNoise, optional
        From `run_noise` over all trained arms; None with one seed, where the documents alone make the interval.
    weight : float
        Sum of the squared weights of the arms: what stands for the 2 of a difference.
    """
    seeds = len(difference_SN)
    v_doc, clusters = document_variance(difference_SN.mean(axis=0), cluster_N), int(cluster_N.max()) + 1
    if noise is None or seeds < 2:
        return _one_run(difference_SN, v_doc, clusters)
    return _combine(difference_SN, cluster_N, v_doc, RunNoise(weight * noise.variance / seeds, noise.df))


def contrast_to_start(difference_SN: Floats, cluster_N: Ints) -> Interval:
    """Interval of a difference in which only one side was trained: the run's variance is that of the seeds' means."""
    seeds = len(difference_SN)
    v_doc, clusters = document_variance(difference_SN.mean(axis=0), cluster_N), int(cluster_N.max()) + 1
    if seeds < 2:
        return _one_run(difference_SN, v_doc, clusters)
    run = RunNoise(float(difference_SN.mean(axis=1).var(ddof=1)) / seeds, seeds - 1)
    return _combine(difference_SN, cluster_N, v_doc, run)


def document_variance(difference_N: Floats, cluster_N: Ints) -> float:
    """Cluster-robust variance of a mean over questions (Liang and Zeger 1986), with the factor C / (C - 1).

    NaN with one document.
    """
    clusters = int(cluster_N.max()) + 1
    if clusters < 2:
        return float("nan")
    sums_C = np.bincount(cluster_N, weights=difference_N - difference_N.mean(), minlength=clusters)
    return float(clusters / (clusters - 1) * (sums_C**2).sum() / len(difference_N) ** 2)


def interaction_variance(difference_SN: Floats, cluster_N: Ints) -> float:
    """The run x document part of the variance of the mean, from doubly centred residuals summed by document."""
    seeds, questions = difference_SN.shape
    clusters = int(cluster_N.max()) + 1
    residual_SN = double_centred(difference_SN)
    sums_SC = np.stack([np.bincount(cluster_N, weights=row_N, minlength=clusters) for row_N in residual_SN])
    return float((sums_SC**2).sum() / (questions**2 * seeds * (seeds - 1)))


def double_centred(values: Floats) -> Floats:
    """A matrix without its row means and column means."""
    centred: Floats = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    return centred


def contrast_correlation(
    difference_KSN: Floats, cluster_N: Ints, noise: RunNoise | None, shared_KK: Floats | None = None
) -> Floats:
    """Correlations of weighted sums of trained arms, such as their differences to one trained baseline.

    The sums share the runs of arms (for one baseline the covariance is s^2 / S (I + 11'), Dunnett 1955) and the
    documents (cluster-robust covariance of the means, Liang and Zeger 1986). As correlations, since each sum is then
    scaled by its own variance.

    Parameters
    ----------
    difference_KSN : array
        Differences of K arms without the baseline, or K other sums; each varies over documents or runs.
    noise : RunNoise, optional
        None with one seed, where the documents alone correlate.
    shared_KK : array, optional
        What stands for I + 11': W W' for sums with the weights W.
    """
    arms, seeds, questions = difference_KSN.shape
    clusters = int(cluster_N.max()) + 1
    mean_KN = difference_KSN.mean(axis=1)
    deviation_KN = mean_KN - mean_KN.mean(axis=1, keepdims=True)
    sums_KC = np.stack([np.bincount(cluster_N, weights=row_N, minlength=clusters) for row_N in deviation_KN])
    documents_KK = clusters / (clusters - 1) * sums_KC @ sums_KC.T / questions**2
    shared_KK = np.eye(arms) + 1 if shared_KK is None else shared_KK
    covariance_KK = (noise.variance / seeds if noise else 0.0) * shared_KK + documents_KK
    scale_K = np.sqrt(np.diag(covariance_KK))
    correlation_KK: Floats = covariance_KK / np.outer(scale_K, scale_K)
    return correlation_KK


def simultaneous_quantile(correlation_KK: Floats, df: float, level: float = 0.95, draws: int = 100_000) -> float:
    """Quantile of max |t| over the contrasts: bands that hold for all ratios at once (Hothorn et al. 2008).

    Multivariate t by simulation with a fixed seed.

    Parameters
    ----------
    correlation_KK : array
        Correlations of the contrasts; they share the baseline, so they are far from independent.
    df : float
        The smallest of the contrasts' degrees of freedom.
    """
    generator = np.random.default_rng(0)
    eigenvalues_K, vectors_KK = np.linalg.eigh(correlation_KK)
    root_KK = vectors_KK * np.sqrt(eigenvalues_K.clip(min=0))
    normal_DK = generator.standard_normal((draws, len(correlation_KK))) @ root_KK.T
    t_DK = normal_DK / np.sqrt(generator.chisquare(df, (draws, 1)) / df)
    return float(np.quantile(np.abs(t_DK).max(axis=1), level))


def simultaneous_reach(
    intervals: Sequence[Interval], sums_KSN: Floats, cluster_N: Ints, noise: RunNoise | None,
    shared_KK: Floats | None = None, draws: int = 100_000,
) -> Floats:  # fmt: skip
    """Half-widths of 95% bands that hold for K sums at once; NaN for a sum that does not vary.

    Parameters
    ----------
    intervals : sequence of Interval
        The interval of each sum alone.
    sums_KSN, cluster_N, noise, shared_KK
        As in `contrast_correlation`.
    draws : int
        As in `simultaneous_quantile`.
    """
    variance_K, df_K = (np.array([getattr(interval, name) for interval in intervals]) for name in ("variance", "df"))
    varies_K = variance_K > 0
    reach_K: Floats = np.full(len(intervals), np.nan)
    if varies_K.any():
        shared = None if shared_KK is None else shared_KK[np.ix_(varies_K, varies_K)]
        correlation_KK = contrast_correlation(sums_KSN[varies_K], cluster_N, noise, shared)
        quantile = simultaneous_quantile(correlation_KK, float(df_K[varies_K].min()), draws=draws)
        reach_K[varies_K] = quantile * np.sqrt(variance_K[varies_K])
    return reach_K


def finite(value: float | None) -> float | None:
    """A number that a table can hold; None for what cannot be said."""
    return None if value is None or not np.isfinite(value) else float(value)


def draw_documents(difference_KN: Floats, cluster_N: Ints, draws: int, seed: int = 0) -> Floats:
    """Means of K arms over documents drawn again, for statistics that have no formula.

    C of C documents are drawn with replacement (Field and Welsh 2007). A draw varies too little by the factor
    (C - 1) / C, which stretching its deviation from the mean makes good.

    Parameters
    ----------
    difference_KN : array
        Difference of each question, arm by arm.
    cluster_N : int array
        Document of each question, numbered from 0; two or more.
    draws : int
    seed : int

    Returns
    -------
    array of shape [draws, K]
        Its rows hold the documents' part of the variance; the runs' part is to be added.
    """
    clusters = int(cluster_N.max()) + 1
    generator = np.random.default_rng(seed)
    times_DC = generator.multinomial(clusters, np.full(clusters, 1 / clusters), size=draws).astype(float)
    sums_CK = np.stack([np.bincount(cluster_N, weights=row_N, minlength=clusters) for row_N in difference_KN], axis=1)
    means_DK = times_DC @ sums_CK / (times_DC @ np.bincount(cluster_N, minlength=clusters))[:, None]
    mean_K = difference_KN.mean(axis=1)
    drawn_DK: Floats = mean_K + (means_DK - mean_K) * np.sqrt(clusters / (clusters - 1))
    return drawn_DK


def draw_run_noise(noise: RunNoise, seeds: int, arms: int, draws: int, seed: int = 0) -> Floats:
    """Run noise of the differences of K arms to a trained baseline, [draws, K]; the baseline's own is in all of them.

    Each arm's mean over the seeds has a normal noise of variance s^2 / S, where s^2 nu / chi2_nu is drawn for s^2.
    """
    generator = np.random.default_rng(seed)
    variance_D1 = noise.variance * noise.df / generator.chisquare(noise.df, (draws, 1)) / seeds
    noise_DA = generator.standard_normal((draws, arms + 1)) * np.sqrt(variance_D1)
    differences_DK: Floats = noise_DA[:, :-1] - noise_DA[:, -1:]
    return differences_DK


def _combine(difference_SN: Floats, cluster_N: Ints, v_doc: float, run: RunNoise) -> Interval:
    """Add the variance of runs and documents; `run` is the variance of the mean difference."""
    if np.isnan(v_doc):  # one document says nothing of others
        return Interval(float(difference_SN.mean()), v_doc, run.df)
    v_int = interaction_variance(difference_SN, cluster_N)
    variance = max(run.variance + v_doc - v_int, run.variance, v_doc)
    parts = run.variance**2 / run.df + v_doc**2 / int(cluster_N.max())
    df = variance**2 / parts if parts > 0 else float(run.df)
    return Interval(float(difference_SN.mean()), variance, df)


def _one_run(difference_SN: Floats, v_doc: float, clusters: int) -> Interval:
    return Interval(float(difference_SN.mean()), v_doc, max(clusters - 1, 1), THIS_RUN_ONLY)
