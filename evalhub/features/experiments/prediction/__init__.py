"""Whether offline decisions predicted what live experiments found"""
