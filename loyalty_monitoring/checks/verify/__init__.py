"""Compare the resources that are deployed in a Google Cloud project with the definitions of a stack."""
