"""Is the simulated Azure honest? The real azureml-core reads it, and its requests are compared with ours."""
