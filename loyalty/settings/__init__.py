"""Settings: `development` (also the demo), `test` and `production`, each a few lines over `base`."""
