"""What the vehicle itself does about an alert: a program of the owner's, a buzzer, a light. No broker is needed.

Takes alert messages, gives nothing back but how it went. Each action has a thread and a short queue of its own, so that
none can hold up the road or another action. Never judges, and never decides what an alert is.
"""
