"""What the documentation is made with: generated pages, pictures, and the hook that builds the site from them."""
