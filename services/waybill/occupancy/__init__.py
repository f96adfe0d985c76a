"""Who and what is on a trip when: trips laid out so that nobody and nothing is on two at a time."""
