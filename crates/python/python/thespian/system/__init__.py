"""What stands behind `thespian.actors`: messages, errors, actors and the system bases.

A base is found here by its module name: `ActorSystem('simpleSystemBase')` takes the class
`ActorSystemBase` of `thespian.system.simpleSystemBase`.
"""
