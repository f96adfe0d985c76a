generate:
	.venv/bin/python protos/reasons.py
	.venv/bin/python protos/generate.py
