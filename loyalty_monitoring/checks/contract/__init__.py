"""Whether logs keep the contract, and which alerts and charts are blind where they do not."""
