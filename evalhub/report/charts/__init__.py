"""Pictures drawn on the server: values become parts of a picture, and one template draws them."""
