"""Live experiments: a share of traffic answered by a challenger, looked at any time"""
