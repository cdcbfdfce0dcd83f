"""The messages of the actor system, one module a subject.

Programs import those that concern them from `thespian.actors`.
"""
