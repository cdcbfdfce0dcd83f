"""Offers the actors of this folder to the actor system at a port: `offer.py PORT`."""

import sys

import sentiment  # noqa: F401  # read here once, and there in every process that is forked
from thespian.actors import ActorSystem

ActorSystem("multiprocTCPBase", {"Admin Port": int(sys.argv[1])})
