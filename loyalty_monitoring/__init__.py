"""The loyalty module's monitoring on Google Cloud: definitions, deployment, replay."""
