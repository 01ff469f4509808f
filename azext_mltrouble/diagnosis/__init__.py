"""What the evidence means. Pure: no network, no clock, no Azure; the same evidence always gives the same report."""
