"""Files judged without a study: two files compared, a policy applied to evidence, logs read"""
