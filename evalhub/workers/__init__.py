"""The workers: threads of the site's process, or Celery's. They work on shards and ask judges"""
