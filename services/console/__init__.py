"""What a browser or a system without gRPC needs: the same unary calls as POSTs with JSON, and a page that explains them."""
