from . import cluster as cluster
from . import decomposition as decomposition
from . import discriminant_analysis as discriminant_analysis
from . import linear_model as linear_model
from . import naive_bayes as naive_bayes
from . import preprocessing as preprocessing
