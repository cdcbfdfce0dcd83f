"""The inference workers of the demo in Python, with the original VADER of the package vaderSentiment.

They take and give the messages that the workers in Rust take and give (demo/src/batch.rs).
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

import roscius
from thespian.actors import Actor, ActorAddress
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

# Read once, in the process from which those of the actors are forked.
ANALYSER = SentimentIntensityAnalyzer()


@roscius.message("demo.Score")
@dataclass
class Score:
    """Texts to score. The worker dies when it comes to the one with the index `strike`."""

    number: int
    texts: list[str]
    strike: int | None


@roscius.message("demo.Scores")
@dataclass
class Scores:
    """A score for each text, from -1 (most negative) to 1 (most positive)."""

    number: int
    scores: list[float]


class Infer(Actor):
    """A worker."""

    def receiveMessage(self, msg: object, sender: ActorAddress) -> None:
        if isinstance(msg, Score):
            scores = []
            for index, text in enumerate(msg.texts):
                if index == msg.strike:
                    os.kill(os.getpid(), signal.SIGKILL)
                scores.append(float(ANALYSER.polarity_scores(text)["compound"]))
            self.send(sender, Scores(msg.number, scores))
