"""Check that logs keep the contract, and name the alerts and charts that are blind where they do not."""
