"""Turns definitions into API bodies and Pulumi resources; holds the API messages and clients."""
