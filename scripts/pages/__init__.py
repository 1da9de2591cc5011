"""What docs/ takes from the code: each module makes one page, scripts/write_docs.py writes them."""
