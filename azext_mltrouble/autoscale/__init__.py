"""Load in, replicas out: formulas, queueing theory, simulation and recommendation.

Pure: the standard library only, no Azure, no network, no clock. Times are seconds and shares are fractions of one,
unless a name says otherwise; *offered load* is request rate times request time, in erlangs.
"""
