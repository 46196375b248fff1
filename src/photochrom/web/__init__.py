"""Pages for the browser, served from this computer: FastAPI and plain files, no build step."""
