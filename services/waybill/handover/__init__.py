"""Hand-overs 交接: what a giver states and its taker answers, who holds a load, and what happens when nobody answers."""
