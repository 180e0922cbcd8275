"""The champion asked again and again: is it still the model that was promoted?"""
