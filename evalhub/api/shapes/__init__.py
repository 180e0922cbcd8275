"""What the endpoints take and give: declarations, from which the OpenAPI document is made"""
