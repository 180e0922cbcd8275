"""The site as it is served: by `evalhub up`, from outside."""
