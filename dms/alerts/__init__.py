"""What leaves the program: messages, the outbox that keeps them through outages, and MQTT.

Takes ``DriverState`` and ``Alert`` values, and the service's reports on itself; gives MQTT messages in the order in
which they were raised, each alert at least once, and hands vehicle inputs back. Never judges, never drops an alert's
start, never blocks or stops the road that the frames walk.
"""
