"""Pages for people about replayed drives: one HTML file that opens without a network, and pictures of a timeline.

Takes what a replay left (trace, events, summary) and labels; gives a report. Never publishes, and says nothing of a
driver that the driver room did not say: it walks the trace once more and draws what is judged.
"""
