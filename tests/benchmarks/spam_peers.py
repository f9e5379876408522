"""What scikit-learn makes of the same comments, if it is installed: the peers of the spam benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.benchmarks.spam_data import Comment
from tests.benchmarks.spam_metrics import Scored

try:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC
except ImportError:
    NAMES: tuple[str, ...] = ()
else:
    NAMES = ("logistic regression on words", "logistic regression on characters", "linear SVM on characters")

REFIT = 10  # comments; in the prequential proof peers learn anew after so many


def learn_then_score(name: str, learn: Sequence[Comment], test: Sequence[Comment]) -> list[Scored]:
    """Fit a peer and score comments: above 0.5 is spam; of an SVM only the order and the side say anything."""
    fitted = _model(name).fit([one.text for one in learn], [one.spam for one in learn])
    distances = fitted.decision_function([one.text for one in test])
    return [Scored(0.5 + float(distance) / 1000, one.spam) for distance, one in zip(distances, test, strict=True)]


def prequential(name: str, comments: Sequence[Comment], skip: int = 50) -> list[Scored]:
    """Score each comment by what the peer learned of those before it."""
    told: list[Scored] = []
    for start in range(skip, len(comments), REFIT):
        told += learn_then_score(name, comments[:start], comments[start : start + REFIT])
    return told


def _model(name: str) -> Any:
    if name.endswith("words"):
        words = TfidfVectorizer(sublinear_tf=True)
        return make_pipeline(
            words, GridSearchCV(LogisticRegression(max_iter=1000), {"C": [0.1, 1, 10, 100, 1000]}, cv=5)
        )
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    if name.startswith("linear"):
        return make_pipeline(characters, LinearSVC(C=1.0))
    return make_pipeline(characters, LogisticRegression(C=100, max_iter=1000))
