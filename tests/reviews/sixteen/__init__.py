"""Sixteen ways in which a review's blindness breaks; each has its tests, named by its number.

1  the same side for everyone, or sides that follow a feature of the items    test_turns
2  sides drawn anew at every look                                             test_turns
3  a vote kept as a side and joined with the arm later                        test_turns
4  names or ids in pages, headers, cookies, files, errors                     test_campaigns
5  tokens and ids whose order tells the arm                                   test_results
6  the bytes' shape: line ends, byte order marks, template tokens             test_results
7  an answer that names its model                                             test_results
8  timing: texts that come apart, a latency shown                             test_results
9  tallies that a reviewer can read while voting                              test_results
10 arms revealed, then votes changed                                          test_results
11 answers paired with the wrong item                                         test_campaigns
12 a stale form or second tab that answers another comparison                 test_turns
13 the same vote sent twice                                                   test_turns
14 more judgments handed out than planned                                     test_turns
15 pairs of one prompt right after each other                                 test_turns
16 the two sides rendered unalike                                             test_results
"""
