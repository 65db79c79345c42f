"""What is deployed in a Google Cloud project, held against the definitions of a stack."""
