# Interactive shells show where they are.
if [ "$(id -u)" = 0 ]; then
    PS1='\h \w # '
else
    PS1='\u@\h \w $ '
fi
